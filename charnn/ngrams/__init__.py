"""N-grams of ids: counted, smoothed by Kneser and Ney's way, stored in a few bytes each, and read one id at a time."""
