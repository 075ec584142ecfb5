"""Request shapes, sent raw to the hub and to two servers that are not ours."""
