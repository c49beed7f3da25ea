# %% [markdown]
# # From files to a report

# %%
1 + 1
