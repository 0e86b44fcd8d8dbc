# SPDX-License-Identifier: Apache-2.0
# mcbench plot --kind ordering: relaxed ordering on against off, path by path. NAME.gp loads this: to make a
# picture again, run "gnuplot NAME.gp" in its folder.
load 'bars.gp'
