"""Reference implementations of the area `prompting`."""
