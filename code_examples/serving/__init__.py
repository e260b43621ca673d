"""Reference implementations of the area `serving`."""
