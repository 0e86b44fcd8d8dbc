# SPDX-License-Identifier: Apache-2.0
# mcbench plot: from here on the whole picture is what is drawn on, in pixels from its top left corner.
unset border
unset tics
unset logscale
set lmargin at screen 0
set rmargin at screen 1
set tmargin at screen 1
set bmargin at screen 0
set xrange [0:width]
set yrange [height:0]
