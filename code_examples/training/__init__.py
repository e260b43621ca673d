"""Reference implementations of the area `training`."""
