# SPDX-License-Identifier: Apache-2.0
# mcbench plot --kind heat: a matrix, initiators as rows, targets as columns. NAME.gp loads this: to make a
# picture again, run "gnuplot NAME.gp" in its folder.
# Dark is bad. The palette is that of the page that mcbench report writes, of one lightness after the other, so that it is
# the same in grey.

load 'common.gp'
set palette defined (0 '#1a0a3c', 1 '#300d54', 3 '#63146d', 5 '#942666', 7 '#c23d4e', 9 '#e7602c', 11 '#f9930d', 13 '#f9cd39', 15 '#fcffa4')
if (dark_is_high) set palette negative
set cbrange [low:high]
if (logarithmic) set logscale cb

# cells, bar: x, y, left, right, top, bottom, figure. values: x, y, text.
plot data index '[cells]' using 1:2:3:4:5:6:7 with boxxyerror lc palette fs solid 1 noborder, \
  data index '[bar]' using 1:2:3:4:5:6:7 with boxxyerror lc palette fs solid 1 noborder, \
  data index '[bar_lines]' using 1:2:3:4 with vectors nohead lc rgb '#222222' lw 1.5 dt 1, \
  data index '[values]' using 1:2:3 with labels center noenhanced font sprintf('sans-serif,%d', value_size) tc rgb '#000000', \
  data index '[light_values]' using 1:2:3 with labels center noenhanced font sprintf('sans-serif,%d', value_size) tc rgb '#ffffff'
load 'matrix.gp'
load 'texts.gp'
unset multiplot
