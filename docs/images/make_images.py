"""Make the pictures that matplotlib draws for the docs: python make_images.py [FOLDER].

They are what `uptime_core.contrib.matplotlib` makes of the example data by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from uptime_core import CsvStore, compute_store, local_week, timeline
from uptime_core.contrib.matplotlib import plot_fleet, plot_timeline, plot_week

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "examples" / "data"
SOFTWARE = f"matplotlib {mpl.__version__}"
DOTS_PER_INCH = 160  # sharp on screens with two dots a pixel, too


def main(folder: Path) -> None:
    """Write all pictures."""
    mpl.use("Agg")
    plt.style.use("default")  # whatever the settings of this machine are
    store = CsvStore(
        DATA / "polls.csv", DATA / "business_hours.csv", DATA / "timezones.csv"
    )
    for name, ax in (
        ("timeline", plot_timeline(timeline(store, store_id="new-york-deli"))),
        ("week", plot_week(local_week(store))),
        ("fleet", plot_fleet(compute_store(store), "last_week")),
    ):
        path = folder / f"{name}.png"
        plt.sca(ax)
        plt.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": SOFTWARE})
        print(path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else HERE)
