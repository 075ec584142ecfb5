"""From numbers to figures; each chart's title states what it found."""
