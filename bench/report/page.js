/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
(function () {
  /* ---- tables that can be sorted: by data-v where cells have it, else by their text ---- */

  function valueOf(row, column) {
    const cell = row.cells[column];
    if (!cell) return null;
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const text = cell.textContent.trim();
    return text === '' || text === '\u2013' ? null : text;
  }

  /* What is not known is last, in whichever direction. */
  function compareValues(left, right, direction) {
    if (left === null || right === null) return (left === null) - (right === null);
    if (typeof left === 'number' && typeof right === 'number') return direction * (left - right);
    return direction * String(left).localeCompare(String(right), 'en', {numeric: true});
  }

  function sortBy(table, head, column) {
    const descending = head.getAttribute('aria-sort') === 'ascending';
    const rows = Array.from(table.tBodies[0].rows, function (row) {
      return {row: row, value: valueOf(row, column)};
    });
    rows.sort(function (a, b) { return compareValues(a.value, b.value, descending ? -1 : 1); });
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    for (const entry of rows) table.tBodies[0].appendChild(entry.row);
  }

  function makeSortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      button.addEventListener('click', function () { sortBy(table, head, column); });
      head.append(button);
    });
  }

  /* ---- heat maps: a grid of cells, found by row and column ---- */

  /* The digits that tables have. */
  function numberText(value) {
    if (value > 0 && value < 0.001) return '<0.001';
    if (value >= 1e12) return value.toPrecision(4);
    return value.toFixed(value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3);
  }

  /* Cells that are elements: their titles are what is shown, in place of the browser's own hint. */
  function gridOfElements(svg) {
    const cells = new Map(), xs = new Set(), ys = new Set();
    let width = 0, height = 0;
    for (const cell of svg.querySelectorAll('.cells rect')) {
      const x = cell.x.baseVal.value, y = cell.y.baseVal.value, title = cell.querySelector('title');
      width = cell.width.baseVal.value;
      height = cell.height.baseVal.value;
      xs.add(x);
      ys.add(y);
      cells.set(x + ' ' + y, title.textContent);
      title.remove();
    }
    const byNumber = function (a, b) { return a - b; };
    const columns = Array.from(xs).sort(byNumber), rows = Array.from(ys).sort(byNumber);
    return {
      width: width, height: height, columns: columns, rows: rows,
      text: function (row, column) { return cells.get(columns[column] + ' ' + rows[row]) || null; },
    };
  }

  function everyOther(list, first) {
    return list.filter(function (entry, at) { return at % 2 === first; });
  }

  function textOfMeasured(cell, matrix, data) {
    let text = numberText(cell[0]) + ' ' + matrix.unit + ' (' + numberText(cell[1]) + ' to ' + numberText(cell[2]) + ')';
    if (cell[3] > 0) text += ', ' + cell[3] + ' % of its ceiling';
    if (cell.length > 4) text += '; ' + data.changes[cell[4]];
    if (cell[5] > 0) {
      const part = (cell[0] / cell[5] - 1) * 100;
      text += ': was ' + numberText(cell[5]) + ', ' + (part < 0 ? '' : '+') + part.toFixed(1) + ' %';
    }
    return text;
  }

  /* The others: their values are in the data of the page. */
  function gridOfData(matrix, data) {
    const from = everyOther(matrix.rows, 0), to = everyOther(matrix.columns, 0), unfolded = [];
    function rowOf(number) {
      if (!unfolded[number]) {
        const row = unfolded[number] = [];
        for (const cell of matrix.cells[number] || []) {
          if (Array.isArray(cell) && cell.length === 1) row.length += cell[0];
          else row.push(cell);
        }
      }
      return unfolded[number];
    }
    return {
      width: matrix.width, height: matrix.height,
      columns: everyOther(matrix.columns, 1), rows: everyOther(matrix.rows, 1),
      text: function (row, column) {
        const cell = rowOf(row)[column];
        if (cell === undefined) return null;
        const path = data.endpoints[from[row]] + ' \u2192 ' + data.endpoints[to[column]] + ': ';
        if (Array.isArray(cell)) return path + textOfMeasured(cell, matrix, data);
        const code = -cell - 1;
        return path + (code % 2 ? 'skipped, ' : 'failed, ') + (data.faults[code >> 1] || '');
      },
    };
  }

  /* The last of ascending places that is not beyond one; -1: none. */
  function lastUpTo(places, place) {
    let low = 0, high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[middle] <= place) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /* ---- what is shown of the cell below the pointer, or of the one that arrow keys moved to ---- */

  let byKeyboard = false;
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  tip.setAttribute('aria-hidden', 'true'); /* it is in the line below the map too */
  document.body.append(tip);

  function placeTip(text, x, y) {
    const at = text.indexOf(': '), path = document.createElement('b');
    path.textContent = at < 0 ? '' : text.slice(0, at);
    tip.replaceChildren(path, at < 0 ? text : text.slice(at + 2));
    tip.hidden = false;
    const box = tip.getBoundingClientRect(), room = document.documentElement;
    const left = Math.min(x + 14, room.clientWidth - box.width - 8);
    const above = y - box.height - 14;
    tip.style.left = Math.max(left, 8) + 'px';
    tip.style.top = (above >= 8 ? above : y + 22) + 'px';
  }

  function hide() {
    tip.hidden = true;
  }

  function makeMap(svg, grid) {
    const readout = document.querySelector('.readout[data-setting="' + svg.dataset.setting + '"]');
    const cursor = document.createElementNS(svg.namespaceURI, 'rect');
    let row = 0, column = 0;
    cursor.setAttribute('class', 'cursor');

    function show(toRow, toColumn, x, y) {
      const text = grid.text(toRow, toColumn);
      if (text === null) return false;
      row = toRow;
      column = toColumn;
      cursor.setAttribute('x', grid.columns[column] - 1.5);
      cursor.setAttribute('y', grid.rows[row] - 1.5);
      cursor.setAttribute('width', grid.width + 3);
      cursor.setAttribute('height', grid.height + 3);
      svg.append(cursor);
      readout.textContent = text;
      byKeyboard = x === undefined;
      if (byKeyboard) {
        cursor.scrollIntoView({block: 'nearest', inline: 'nearest'});
        const box = cursor.getBoundingClientRect();
        x = box.right;
        y = box.top;
      }
      placeTip(text, x, y);
      return true;
    }

    function showAt(event) {
      const matrix = svg.getScreenCTM().inverse();
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
      const toRow = lastUpTo(grid.rows, point.y), toColumn = lastUpTo(grid.columns, point.x);
      const inside = toRow >= 0 && toColumn >= 0 && point.y < grid.rows[toRow] + grid.height + 1 &&
        point.x < grid.columns[toColumn] + grid.width + 1;
      if (!inside || !show(toRow, toColumn, event.clientX, event.clientY)) hide();
    }

    /* To the next cell that was asked for, over those that were not. */
    function move(event) {
      const steps = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
      const step = steps[event.key];
      if (event.key === 'Escape') hide();
      if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      let toRow = row + step[0], toColumn = column + step[1];
      while (toRow >= 0 && toRow < grid.rows.length && toColumn >= 0 && toColumn < grid.columns.length) {
        if (show(toRow, toColumn)) return;
        toRow += step[0];
        toColumn += step[1];
      }
    }

    /* The first cell there is, if none is marked yet. */
    function enter() {
      if (!svg.matches(':focus-visible')) return;
      for (let at = row; at < grid.rows.length; at++)
        for (let next = at === row ? column : 0; next < grid.columns.length; next++)
          if (show(at, next)) return;
    }

    svg.tabIndex = 0;
    svg.parentNode.removeAttribute('tabindex');
    readout.textContent = 'Point at a cell for its values, or move with the arrow keys.';
    svg.addEventListener('pointermove', showAt);
    svg.addEventListener('pointerdown', showAt);
    svg.addEventListener('pointerleave', function (event) { if (event.pointerType === 'mouse') hide(); });
    svg.addEventListener('keydown', move);
    svg.addEventListener('focus', enter);
    svg.addEventListener('blur', hide);
  }

  function makeMaps() {
    const source = document.getElementById('data');
    const data = source ? JSON.parse(source.textContent) : {matrices: {}};
    for (const svg of document.querySelectorAll('svg.heat')) {
      const matrix = data.matrices[svg.dataset.setting];
      if (matrix) makeMap(svg, gridOfData(matrix, data));
      else if (svg.querySelector('.cells rect')) makeMap(svg, gridOfElements(svg));
    }
    /* arrow keys may scroll the page themselves */
    window.addEventListener('scroll', function () { if (!byKeyboard) hide(); }, {passive: true});
  }

  /* ---- paper: what is folded and not too long is printed ---- */

  const rowsPrinted = 64;
  let unfolded = [];

  function unfold() {
    unfolded = Array.from(document.querySelectorAll('details:not([open])')).filter(function (details) {
      return details.querySelectorAll('tr, li').length <= rowsPrinted;
    });
    for (const details of unfolded) details.open = true;
  }

  function fold() {
    for (const details of unfolded) details.open = false;
    unfolded = [];
  }

  document.querySelectorAll('table.sortable').forEach(makeSortable);
  makeMaps();
  window.addEventListener('beforeprint', unfold);
  window.addEventListener('afterprint', fold);
})();
