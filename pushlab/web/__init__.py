"""The hub in a browser: channel.js, the pages, and the small applications behind them."""
