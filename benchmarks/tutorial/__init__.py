"""The textbook network of the lesson, measured on the tasks of the benchmarks."""
