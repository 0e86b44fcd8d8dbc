# SPDX-License-Identifier: Apache-2.0
# mcbench plot: what all pictures have in common. NAME.gp sets the numbers and loads KIND.gp, which loads
# this. Text of results is in NAME.dat only, which is read as data: it is never part of a script.
#
# A picture is a canvas (canvas.gp) that texts stand on; diagrams have
# axes of their own in a part of it (axes.gp).

set encoding utf8
if (!exists('picture')) picture = name.'.'.format
data = name.'.dat'
scale = width * height < 1500000 ? 2 : 1
has_cairo = strstrt(GPVAL_TERMINALS, 'pngcairo') > 0
if (format eq 'png' && has_cairo) \
  set terminal pngcairo noenhanced size width*scale,height*scale fontscale scale*0.75 linewidth scale pointscale scale font 'sans-serif,11' background '#ffffff'
if (format eq 'png' && !has_cairo) \
  set terminal png noenhanced size width,height font 'sans-serif,8' background '#ffffff'
if (format ne 'png') \
  set terminal svg noenhanced size width,height font 'sans-serif,11' background '#ffffff'
# The terminal svg hands the name of a font on as it is, as the value of an attribute.
bold = format eq 'svg' ? 'sans-serif" font-weight="bold' : 'sans-serif:Bold'
set output picture
set datafile separator tab
set minussign

# Blue, orange, green and so on after Okabe and Ito, in tones that differ in grey too, with dashes and
# marks of their own.
set linetype 1 lc rgb '#00467f' lw 2 dt 1 pt 7 ps 0.6
set linetype 2 lc rgb '#d55e00' lw 2 dt (10,5) pt 5 ps 0.6
set linetype 3 lc rgb '#009e73' lw 2 dt (3,4) pt 9 ps 0.8
set linetype 4 lc rgb '#cc79a7' lw 2 dt (12,4,3,4) pt 11 ps 0.8
set linetype 5 lc rgb '#56b4e9' lw 2 dt (18,5) pt 13 ps 0.8
set linetype 6 lc rgb '#000000' lw 2 dt (6,6) pt 4 ps 0.7

set multiplot
unset key
unset colorbox

load 'canvas.gp'
