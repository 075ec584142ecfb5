"""An exchange on the wire, in words."""
