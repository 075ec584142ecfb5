"""What standards and strangers' programs say of pushlab's ends of the wire: `make conformance`."""
