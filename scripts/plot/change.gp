# SPDX-License-Identifier: Apache-2.0
# mcbench plot --kind change: what changed since the baseline, as a matrix. NAME.gp loads this: to make a
# picture again, run "gnuplot NAME.gp" in its folder.
# cells, legend: x, y, left, right, top, bottom, colour. signs: x, y, text.
load 'common.gp'
plot data index '[cells]' using 1:2:3:4:5:6:7 with boxxyerror lc rgb variable fs solid 1 noborder, \
  data index '[legend]' using 1:2:3:4:5:6:7 with boxxyerror lc rgb variable fs solid 1 noborder, \
  data index '[legend]' using 1:2:3:4:5:6 with boxxyerror lw 1 dt 1 lc rgb '#999999' fs empty, \
  data index '[signs]' using 1:2:3 with labels center noenhanced font sprintf('sans-serif,%d', sign_size) tc rgb '#000000', \
  data index '[light_signs]' using 1:2:3 with labels center noenhanced font sprintf('sans-serif,%d', sign_size) tc rgb '#ffffff'
load 'matrix.gp'
load 'texts.gp'
unset multiplot
