// What is wrong with the page as it is laid out? A list of sentences; empty when nothing is.
(() => {
  const found = [];
  const quote = text => "'" + text.trim().slice(0, 40) + "'";
  document.querySelectorAll("details").forEach(each => (each.open = true));

  const root = document.documentElement;
  if (root.scrollWidth > innerWidth)
    found.push(`the page is ${root.scrollWidth} wide in a window of ${innerWidth}`);

  // The boxes of all visible texts, cut by whatever cuts what is inside.
  const boxes = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      const box = { node, left: rect.left, right: rect.right, top: rect.top, bottom: rect.bottom };
      let scrolls = false;
      for (let up = node.parentElement; up; up = up.parentElement) {
        const overflow = getComputedStyle(up).overflowX;
        if (overflow === "visible" || up.namespaceURI.endsWith("svg")) continue;
        const cut = up.getBoundingClientRect();
        scrolls ||= overflow === "auto";
        box.left = Math.max(box.left, cut.left); box.right = Math.min(box.right, cut.right);
        box.top = Math.max(box.top, cut.top); box.bottom = Math.min(box.bottom, cut.bottom);
      }
      if (box.right - box.left < 1 || box.bottom - box.top < 1) continue;
      if (!scrolls && (box.left < -1 || box.right > innerWidth + 1))
        found.push(`${quote(node.data)} stands out of the window`);
      boxes.push(box);
    }
  }
  if (!boxes.length) found.push("the page shows no text");

  // Lines of one text may touch; a few pixels of two line boxes may, letters may not.
  boxes.sort((a, b) => a.top - b.top);
  boxes.forEach((a, at) => {
    for (let next = at + 1; next < boxes.length && boxes[next].top < a.bottom; next++) {
      const b = boxes[next];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - b.top;
      if (a.node !== b.node && wide > 1 && high > 4)
        found.push(`${quote(a.node.data)} and ${quote(b.node.data)} overlap`);
    }
  });

  // Contrast as WCAG 2 reckons it.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) =>
    [[r, 0.2126], [g, 0.7152], [b, 0.0722]].reduce((sum, [part, weight]) => {
      const share = part / 255;
      return sum + weight * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
    }, 0);
  const contrast = (a, b) => {
    const [dark, bright] = [light(rgba(a)), light(rgba(b))].sort((x, y) => x - y);
    return (bright + 0.05) / (dark + 0.05);
  };
  const ground = element => {
    for (let up = element; up; up = up.parentElement) {
      const colour = getComputedStyle(up).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const reported = new Set();
  const judge = (what, front, back, least) => {
    const ratio = contrast(front, back);
    const fault = `${what}: contrast ${ratio.toFixed(2)}, below ${least}`;
    if (ratio < least && !reported.has(fault)) found.push(fault) && reported.add(fault);
  };
  for (const { node } of boxes) {
    const element = node.parentElement, style = getComputedStyle(element);
    const colour = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    judge(quote(node.data), colour, ground(element), large ? 3 : 4.5);
  }
  for (const bar of document.querySelectorAll(".track i"))
    judge("a bar", getComputedStyle(bar).backgroundColor, ground(bar.parentElement), 3);
  for (const node of document.querySelectorAll("svg rect:not(.whole)"))
    judge("a node of the flow", getComputedStyle(node).fill, ground(node.parentElement), 3);
  return found;
})()
