"""What a phone's keys can say."""

DIGITS = "0123456789*#ABCD"
