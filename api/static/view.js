// Where the map looks: Web Mercator between 0 and 1, moved by pointer, wheel, touch and keys.

const CLOSEST = 2 ** 17;
const STEP = 1.6;
const KEY_PX = 60;
const CLICK_PX = 4;
const WHOLE = { west: -6.6, south: 49.75, east: 2.1, north: 55.95 };

export class View {
  static worldX(lon) {
    return (lon + 180) / 360;
  }

  static worldY(lat) {
    const s = Math.sin((lat * Math.PI) / 180);
    return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
  }

  /** Metres at a latitude as a share of the world's width. */
  static metresToWorld(lat) {
    return 1 / (40_075_017 * Math.cos((lat * Math.PI) / 180));
  }

  constructor(element, changed) {
    this.element = element;
    this.changed = changed;
    this.onClick = () => {};
    this.width = 1;
    this.height = 1;
    this.ratio = 1;
    this.scale = 1;
    this.x = 0.5;
    this.y = 0.33;
    this.fitted = true;
    this.fingers = new Map();
    this.listen();
  }

  /** The scale in pixels for the whole world, and where its corner lies. */
  transform() {
    return { scale: this.scale, left: this.width / 2 - this.x * this.scale, top: this.height / 2 - this.y * this.scale };
  }

  /** Zoom steps above showing everything; for what is drawn when. */
  zoom() {
    return Math.log2(this.scale / this.wholeScale()) + 3;
  }

  wholeScale() {
    const wide = View.worldX(WHOLE.east) - View.worldX(WHOLE.west);
    const high = View.worldY(WHOLE.south) - View.worldY(WHOLE.north);
    return Math.min(this.width / wide, this.height / high);
  }

  resize(width, height, ratio) {
    this.width = width;
    this.height = height;
    this.ratio = ratio;
    if (this.fitted) this.whole();
    else this.hold();
  }

  whole() {
    this.scale = this.wholeScale();
    this.x = (View.worldX(WHOLE.east) + View.worldX(WHOLE.west)) / 2;
    this.y = (View.worldY(WHOLE.south) + View.worldY(WHOLE.north)) / 2;
    this.fitted = true;
    this.changed();
  }

  centre(x, y) {
    this.x = x;
    this.y = y;
    this.scale = Math.max(this.scale, this.wholeScale() * 24);
    this.fitted = false;
    this.changed();
  }

  move(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.hold();
  }

  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const least = this.wholeScale() / 2;
    const scale = Math.min(Math.max(this.scale * factor, least), this.wholeScale() * (CLOSEST / 64));
    const worldX = this.x + (px - this.width / 2) / this.scale;
    const worldY = this.y + (py - this.height / 2) / this.scale;
    this.scale = scale;
    this.x = worldX - (px - this.width / 2) / scale;
    this.y = worldY - (py - this.height / 2) / scale;
    this.hold();
  }

  /** Keeps the islands within reach. */
  hold() {
    this.x = Math.min(Math.max(this.x, View.worldX(-12)), View.worldX(6));
    this.y = Math.min(Math.max(this.y, View.worldY(61.5)), View.worldY(48.5));
    this.fitted = false;
    this.changed();
  }

  listen() {
    const { element } = this;
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      this.zoomBy(STEP ** (-event.deltaY / 120), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: 0 });
    });
    element.addEventListener("pointermove", (event) => this.drag(event));
    element.addEventListener("pointerup", (event) => this.lift(event, true));
    element.addEventListener("pointercancel", (event) => this.lift(event, false));
    element.addEventListener("keydown", (event) => this.key(event));
  }

  drag(event) {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    const dx = event.clientX - finger.x;
    const dy = event.clientY - finger.y;
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const was = Math.hypot(finger.x - other.x, finger.y - other.y);
      const is = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      const box = this.element.getBoundingClientRect();
      if (was > 0) this.zoomBy(is / was, (event.clientX + other.x) / 2 - box.left, (event.clientY + other.y) / 2 - box.top);
      this.move(dx / 2, dy / 2);
    } else if (finger.moved + Math.hypot(dx, dy) > CLICK_PX) {
      this.move(dx, dy);
    } else {
      return;
    }
    finger.moved += Math.hypot(dx, dy);
    finger.x = event.clientX;
    finger.y = event.clientY;
  }

  lift(event, clicked) {
    const finger = this.fingers.get(event.pointerId);
    this.fingers.delete(event.pointerId);
    if (!finger || !clicked || finger.moved > 0) return;
    const box = this.element.getBoundingClientRect();
    this.onClick(event.clientX - box.left, event.clientY - box.top);
  }

  key(event) {
    const moves = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) this.move(moves[event.key][0] * KEY_PX, moves[event.key][1] * KEY_PX);
    else if (event.key === "+" || event.key === "=") this.zoomBy(STEP);
    else if (event.key === "-") this.zoomBy(1 / STEP);
    else if (event.key === "0") this.whole();
    else return;
    event.preventDefault();
  }
}
