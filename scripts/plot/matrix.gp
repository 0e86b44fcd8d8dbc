# SPDX-License-Identifier: Apache-2.0
# mcbench plot: what is drawn over the cells of a matrix, on the canvas: lines between hosts, cells without
# figures, frames. Boxes: x, y, left, right, top, bottom. Lines: x, y, width, height.
plot data index '[lines]' using 1:2:3:4 with vectors nohead lc rgb '#ffffff' lw 3 dt 1, \
  data index '[lines]' using 1:2:3:4 with vectors nohead lc rgb '#222222' lw 1 dt 1
load 'marks.gp'
plot data index '[frames]' using 1:2:3:4:5:6 with boxxyerror lc rgb '#ffffff' lw 5 dt 1 fs empty, \
  data index '[frames]' using 1:2:3:4:5:6 with boxxyerror lc rgb '#d00030' lw 2.5 dt 1 fs empty, \
  data index '[tags]' using 1:2:3:4:5:6 with boxxyerror fc rgb '#d00030' lw 1 dt 1 fs solid 1 border lc rgb '#ffffff', \
  data index '[tag_numbers]' using 1:2:3 with labels center noenhanced font bold.',10' tc rgb '#ffffff'
