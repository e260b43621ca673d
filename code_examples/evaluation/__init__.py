"""Reference implementations of the area `evaluation`."""
