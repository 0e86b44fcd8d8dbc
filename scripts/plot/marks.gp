# SPDX-License-Identifier: Apache-2.0
# mcbench plot: what has no figure, on the canvas: crosses for failed, strokes for not measured. Boxes: x, y,
# left, right, top, bottom. Strokes: x, y, width, height.
plot data index '[failed]' using 1:2:3:4:5:6 with boxxyerror fc rgb '#ffffff' fs solid 1 noborder, \
  data index '[skipped]' using 1:2:3:4:5:6 with boxxyerror fc rgb '#e4e4e4' fs solid 1 noborder, \
  data index '[strokes]' using 1:2:3:4 with vectors nohead lc rgb '#555555' lw 1.5 dt 1, \
  data index '[crosses]' using 1:2:3:4 with vectors nohead lc rgb '#b00020' lw 2 dt 1
