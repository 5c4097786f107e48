"""Browsers: one WebSocket each (docs/browser-protocol.md), and the legs behind them. No rules of meetings."""
