"""The back ends that hold polls, business hours and time zones."""
