"""Reference implementations of the area `interpretability`."""
