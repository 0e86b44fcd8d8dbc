# SPDX-License-Identifier: Apache-2.0
# mcbench plot: bars of paths that were measured in several ways. bar_1 to bar_3: x, y, left, right, top,
# bottom. intervals, ceilings: x, y, width, height. x is a figure, y are pixels of the canvas.
load 'common.gp'
load 'axes.gp'
plot data index '[bar_1]' using 1:2:3:4:5:6 with boxxyerror lw 1 dt 1 fc rgb '#00467f' fs solid 1 border lc rgb '#00467f', \
  data index '[bar_2]' using 1:2:3:4:5:6 with boxxyerror lw 1 dt 1 fc rgb '#d55e00' fs pattern 4 border lc rgb '#d55e00', \
  data index '[bar_3]' using 1:2:3:4:5:6 with boxxyerror lw 1 dt 1 fc rgb '#cfe3da' fs solid 1 border lc rgb '#3f7f68', \
  data index '[ceilings]' using 1:2:3:4 with vectors nohead lc rgb '#222222' lw 1.5 dt (3,2), \
  data index '[intervals]' using 1:2:3:4 with vectors nohead lc rgb '#ffffff' lw 3 dt 1, \
  data index '[intervals]' using 1:2:3:4 with vectors nohead lc rgb '#222222' lw 1.2 dt 1
load 'canvas.gp'
load 'marks.gp'
load 'texts.gp'
unset multiplot
