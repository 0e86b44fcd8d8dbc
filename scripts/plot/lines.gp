# SPDX-License-Identifier: Apache-2.0
# mcbench plot: lines in a diagram. band: x, least, most. ceiling, line_1 to line_6: x, y.
load 'common.gp'
plot data index '[band_sample]' using 1:2:3:4:5:6 with boxxyerror fc rgb '#d6e2ee' fs solid 1 noborder
load 'axes.gp'
if (n_band > 0) plot data index '[band]' using 1:2:3 with filledcurves fc rgb '#d6e2ee' fs solid 1 noborder
plot data index '[ceiling]' using 1:2 with lines lc rgb '#222222' lw 1.5 dt (4,3)
plot for [i=1:6] data index '[line_'.i.']' using 1:2 with linespoints lt i
load 'canvas.gp'
load 'marks.gp'
load 'texts.gp'
unset multiplot
