# SPDX-License-Identifier: Apache-2.0
# mcbench plot: the texts of a picture, on the canvas of common.gp. x, y, text, colour.
plot data index '[title]' using 1:2:3:4 with labels left noenhanced font bold.',16' tc rgb variable, \
  data index '[note]' using 1:2:3:4 with labels left noenhanced font 'sans-serif,12' tc rgb variable, \
  data index '[small]' using 1:2:3:4 with labels left noenhanced font 'sans-serif,9' tc rgb variable, \
  data index '[left]' using 1:2:3:4 with labels left noenhanced tc rgb variable, \
  data index '[right]' using 1:2:3:4 with labels right noenhanced tc rgb variable, \
  data index '[centre]' using 1:2:3:4 with labels center noenhanced tc rgb variable, \
  data index '[up]' using 1:2:3:4 with labels left rotate by 90 noenhanced tc rgb variable, \
  data index '[bold_left]' using 1:2:3:4 with labels left noenhanced font bold.',11' tc rgb variable, \
  data index '[bold_right]' using 1:2:3:4 with labels right noenhanced font bold.',11' tc rgb variable, \
  data index '[bold_centre]' using 1:2:3:4 with labels center noenhanced font bold.',11' tc rgb variable, \
  data index '[bold_up]' using 1:2:3:4 with labels left rotate by 90 noenhanced font bold.',11' tc rgb variable
