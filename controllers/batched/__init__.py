"""Commands of many arms at once, as torch tensors on any device."""
