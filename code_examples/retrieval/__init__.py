"""Reference implementations of the area `retrieval`."""
