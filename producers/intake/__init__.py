"""In: a file is read as a stream, judged whole, and registered once with its facts."""
