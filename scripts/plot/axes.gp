# SPDX-License-Identifier: Apache-2.0
# mcbench plot: from here on a part of the picture is what is drawn on, in the units of its axes. Its tics
# and samples of its lines are drawn on the canvas before. Vectors: x, y, width, height.
plot data index '[tic_lines]' using 1:2:3:4 with vectors nohead lc rgb '#dddddd' lw 1 dt 1, \
  data index '[frame]' using 1:2:3:4 with vectors nohead lc rgb '#222222' lw 1 dt 1
plot for [i=1:6] data index '[sample_'.i.']' using 1:2 with linespoints lt i
set lmargin at screen 1.0 * axes_left / width
set rmargin at screen 1.0 * axes_right / width
set tmargin at screen 1 - 1.0 * axes_top / height
set bmargin at screen 1 - 1.0 * axes_bottom / height
set xrange [x_low:x_high]
set yrange [y_low:y_high]
if (x_logarithmic) set logscale x
if (y_logarithmic) set logscale y
