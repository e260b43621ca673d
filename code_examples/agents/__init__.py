"""Reference implementations of the area `agents`."""
