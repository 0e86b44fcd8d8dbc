# SPDX-License-Identifier: Apache-2.0
# mcbench plot --kind trend: figures with time, x is the number of the run. NAME.gp loads this: to make a
# picture again, run "gnuplot NAME.gp" in its folder.
# band: x, least, most. ceiling, line_1 to line_6, points: x, y. intervals, levels, changes: x, y, width,
# height.
load 'common.gp'
plot data index '[band_sample]' using 1:2:3:4:5:6 with boxxyerror fc rgb '#d6e2ee' fs solid 1 noborder
load 'axes.gp'
if (n_band > 0) plot data index '[band]' using 1:2:3 with filledcurves fc rgb '#d6e2ee' fs solid 1 noborder
plot data index '[ceiling]' using 1:2 with lines lc rgb '#222222' lw 1.5 dt (4,3), \
  data index '[changes]' using 1:2:3:4 with vectors nohead lc rgb '#b00020' lw 1.5 dt (6,4), \
  data index '[points]' using 1:2 with lines lc rgb '#9ab4cc' lw 1 dt 1, \
  data index '[intervals]' using 1:2:3:4 with vectors nohead lc rgb '#00467f' lw 1.5 dt 1, \
  data index '[levels]' using 1:2:3:4 with vectors nohead lc rgb '#d55e00' lw 2.5 dt 1, \
  data index '[points]' using 1:2 with points lc rgb '#00467f' pt 7 ps 0.6
plot for [i=1:6] data index '[line_'.i.']' using 1:2 with linespoints lt i
load 'canvas.gp'
load 'marks.gp'
plot data index '[tags]' using 1:2:3:4:5:6 with boxxyerror fc rgb '#d00030' lw 1 dt 1 fs solid 1 border lc rgb '#ffffff', \
  data index '[tag_numbers]' using 1:2:3 with labels center noenhanced font bold.',10' tc rgb '#ffffff'
load 'texts.gp'
unset multiplot
