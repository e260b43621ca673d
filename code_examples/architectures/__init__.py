"""Reference implementations of the area `architectures`."""
