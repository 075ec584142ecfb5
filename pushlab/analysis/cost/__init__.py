"""From events to money: the price book, the offers' metering models, bills and break-evens."""
