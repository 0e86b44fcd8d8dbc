# SPDX-License-Identifier: Apache-2.0
# mcbench plot --kind gpu: memory of GPUs beside host memory, path by path. NAME.gp loads this: to make a
# picture again, run "gnuplot NAME.gp" in its folder.
load 'bars.gp'
