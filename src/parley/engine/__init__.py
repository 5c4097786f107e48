"""The media engine, in processes of its own. No business words; imports only wire and its own messages."""
