"""Where strategies are measured: cases, how answers are read, runs, statistics, report and plots."""
