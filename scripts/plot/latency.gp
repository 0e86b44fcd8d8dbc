# SPDX-License-Identifier: Apache-2.0
# mcbench plot --kind latency: percentiles of latency. NAME.gp loads this: to make a
# picture again, run "gnuplot NAME.gp" in its folder.
load 'lines.gp'
