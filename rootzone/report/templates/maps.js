// The map viewer: pictures, slider, and what is known at the pixel that was clicked.
(() => {
  const data = JSON.parse(document.getElementById("maps-data").textContent);
  const byId = (id) => document.getElementById(id);
  const canvas = byId("map-canvas"), marks = byId("map-marks"), slider = byId("map-date");
  const chooser = byId("map-layer"), frame = byId("map-frame");
  const [H, W] = [data.height, data.width];
  const rowScale = H / data.full[0], colScale = W / data.full[1]; // small pixels per pixel
  const kmAPixel = data.pixel_m / 1000 / colScale;
  const NONE = 255, CODES = 250;
  const state = { layer: 0, date: 0, row: Math.floor(H / 2), col: Math.floor(W / 2), timer: null };
  const decoded = new Map();

  // ---- pictures: base 64, inflate, add up the differences along each row
  async function unpack(text) {
    const binary = atob(text);
    const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const out = new Uint8Array(await new Response(stream).arrayBuffer());
    for (let r = 0; r < H; r++) {
      for (let c = 1, at = r * W + 1; c < W; c++, at++) out[at] = (out[at] + out[at - 1]) & 255;
    }
    return out;
  }
  const imageIndex = (layer, date) => (layer.images.length === 1 ? 0 : date);
  async function codes(number, date) {
    const layer = data.layers[number], at = imageIndex(layer, date), key = number + "/" + at;
    if (!decoded.has(key)) decoded.set(key, layer.images[at] ? unpack(layer.images[at]) : Promise.resolve(null));
    return decoded.get(key);
  }
  const valueOf = (layer, code) =>
    code === NONE ? null : layer.coded[0] + (code / CODES) * (layer.coded[1] - layer.coded[0]);

  // ---- colours
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  function colourAt(stops, share) {
    const x = Math.min(1, Math.max(0, share)) * (stops.length - 1), i = Math.min(stops.length - 2, Math.floor(x));
    const [a, b] = [rgb(stops[i]), rgb(stops[i + 1])];
    return a.map((v, k) => Math.round(v + (x - i) * (b[k] - v)));
  }
  const BIT_COLOURS = ["#8a8a8a", "#3f7fbf", "#c9a227", "#b8406a", "#7b5fb0", "#2f8f6b", "#d17a22", "#444444"];
  function table(layer) {
    const out = new Uint8ClampedArray(256 * 4);
    for (let code = 0; code < 256; code++) {
      let c = null;
      if (layer.bits) {
        const hit = layer.bits.findIndex((b) => code & b.bit);
        c = hit < 0 ? [226, 236, 232] : rgb(BIT_COLOURS[hit % BIT_COLOURS.length]);
      } else if (code !== NONE) {
        const v = valueOf(layer, code);
        c = colourAt(layer.stops, (v - layer.shown[0]) / (layer.shown[1] - layer.shown[0]));
      }
      if (c) out.set([...c, 255], code * 4);
    }
    return out;
  }
  const tables = data.layers.map(table);

  async function paint() {
    const { layer, date } = state;
    const image = await codes(layer, date);
    if (layer !== state.layer || date !== state.date) return; // moved on meanwhile
    const picture = new ImageData(W, H);
    if (image) {
      const lut = tables[layer];
      for (let i = 0; i < image.length; i++) {
        const from = image[i] * 4, to = i * 4;
        for (let k = 0; k < 4; k++) picture.data[to + k] = lut[from + k];
      }
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
    byId("map-day").textContent = data.dates[date];
  }

  function legend() {
    const layer = data.layers[state.layer], box = byId("map-legend");
    box.textContent = "";
    if (layer.bits) {
      layer.bits.forEach((b, i) => box.append(key(BIT_COLOURS[i % BIT_COLOURS.length], b.text)));
      box.append(key("#e2ece8", "no flag"));
      return;
    }
    const ramp = document.createElement("div");
    ramp.className = "ramp";
    const bar = document.createElement("i");
    bar.style.background = `linear-gradient(90deg, ${layer.stops.join(", ")})`;
    ramp.append(bar);
    const n = layer.shown[1] === 0.45 ? 9 : 4, step = (layer.shown[1] - layer.shown[0]) / n;
    const places = layer.shown[1] === 0.45 ? 2 : decimals(Number(step.toPrecision(2)));
    for (let i = 0; i <= n; i += n === 9 ? 3 : 1) {
      const tick = document.createElement("span");
      tick.style.left = (100 * i) / n + "%";
      tick.textContent = (layer.shown[0] + i * step).toFixed(places);
      ramp.append(tick);
    }
    const name = document.createElement("span");
    name.textContent = layer.title + (layer.unit ? ` [${layer.unit}]` : "");
    box.append(name, ramp);
  }
  function key(colour, text) {
    const one = document.createElement("span"), patch = document.createElement("b");
    one.className = "key";
    patch.style.background = colour;
    one.append(patch, text);
    return one;
  }
  // As many decimals as tell one tick from the next.
  function decimals(step) {
    const few = Math.max(0, -Math.floor(Math.log10(step))), shifted = step * 10 ** few;
    return Math.abs(shifted - Math.round(shifted)) < 1e-6 ? few : few + 1;
  }

  // ---- marks over the map
  const SVG = "http://www.w3.org/2000/svg";
  function add(parent, name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const [k, v] of Object.entries(attributes)) node.setAttribute(k, v);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  }
  const small = (place) => [(place.row + 0.5) * rowScale, (place.col + 0.5) * colScale];
  function drawMarks() {
    marks.textContent = "";
    marks.setAttribute("viewBox", `0 0 ${W} ${H}`);
    const u = W / 100;
    if (byId("map-sites").checked) {
      for (const site of data.sites.places || []) {
        const [y, x] = small(site);
        add(marks, "circle", { cx: x, cy: y, r: 0.65 * u, fill: "#fff", stroke: "#222", "stroke-width": 0.22 * u });
      }
    }
    if (byId("map-stations").checked) {
      for (const station of data.stations) {
        const [y, x] = small(station), d = 1.5 * u;
        add(marks, "path", { d: `M${x} ${y - d}L${x + d} ${y + d * 0.8}L${x - d} ${y + d * 0.8}Z`,
          fill: "#c2403a", stroke: "#fff", "stroke-width": 0.3 * u });
      }
    }
    const [y, x] = [state.row + 0.5, state.col + 0.5], r = 2.2 * u;
    for (const [colour, width] of [["#000", 0.8], ["#fff", 0.4]]) {
      add(marks, "path", { d: `M${x - 1.7 * r} ${y}H${x - 0.6 * r}M${x + 0.6 * r} ${y}H${x + 1.7 * r}M${x} ${y - 1.7 * r}V${y - 0.6 * r}M${x} ${y + 0.6 * r}V${y + 1.7 * r}`,
        fill: "none", stroke: colour, "stroke-width": width * u });
    }
    const km = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].filter((k) => k / kmAPixel <= W / 3).pop();
    if (km) {
      const length = km / kmAPixel, x0 = 3 * u, y0 = H - 3 * u;
      for (const [colour, width] of [["#fff", 1.3], ["#111", 0.6]]) {
        add(marks, "path", { d: `M${x0} ${y0}h${length}`, stroke: colour, "stroke-width": width * u, fill: "none" });
      }
      add(marks, "text", { x: x0, y: y0 - 1.2 * u, "font-size": 3.2 * u, fill: "#111", stroke: "#fff",
        "stroke-width": 0.8 * u, "paint-order": "stroke" }, km + " km");
    }
  }

  // ---- what is known at the pixel
  function nearest(places) {
    let best = null;
    for (const place of places) {
      const [y, x] = small(place);
      const km = Math.hypot(x - state.col - 0.5, y - state.row - 0.5) * kmAPixel;
      if (!best || km < best.km) best = { ...place, km };
    }
    return best;
  }
  const far = (km) => (km < 0.95 ? Math.round(km * 100) * 10 + " m" : km.toFixed(1) + " km");
  const HERE_KM = 0.75 * kmAPixel * Math.SQRT2; // a circle's own pixel, or one that touches it
  const SITE_KM = Math.max(3, 0.1 * W * kmAPixel), STATION_KM = Math.max(1, 0.03 * W * kmAPixel);

  async function pixel() {
    const at = state.row * W + state.col;
    const main = data.layers.findIndex((l) => l.key.startsWith("theta_"));
    const half = data.layers.findIndex((l) => l.key.startsWith("half_"));
    const theta = [], width = [];
    for (let d = 0; d < data.dates.length; d++) {
      const a = await codes(main, d), b = half < 0 ? null : await codes(half, d);
      theta.push(a ? valueOf(data.layers[main], a[at]) : null);
      width.push(b ? valueOf(data.layers[half], b[at]) : null);
    }
    const site = nearest(data.sites.places || []), station = nearest(data.stations);
    return { theta, width, site: site && site.km <= SITE_KM ? site : null, nearestSite: site,
      station: station && station.km <= STATION_KM ? station : null, cell: await cellAt(at) };
  }
  let cellCodes = null;
  async function cellAt(at) {
    if (!data.weather.cells) return null;
    cellCodes = cellCodes || unpack(data.weather.cells);
    const code = (await cellCodes)[at];
    return code === NONE ? null : code;
  }

  // Degrees of a place, by shares of the height and width, between points of the lattice.
  function lonLat(down, across) {
    const n = data.lattice[0].length - 1, y = down * n, x = across * n;
    const r = Math.min(n - 1, Math.floor(y)), c = Math.min(n - 1, Math.floor(x)), v = y - r, u = x - c;
    const at = (t) => (1 - v) * ((1 - u) * t[r][c] + u * t[r][c + 1]) + v * ((1 - u) * t[r + 1][c] + u * t[r + 1][c + 1]);
    const said = (value, plus, minus) => `${Math.abs(value).toFixed(4)}° ${value < 0 ? minus : plus}`;
    return [said(at(data.lattice[0]), "E", "W"), said(at(data.lattice[1]), "N", "S")];
  }

  // What the flags say of a pixel without a value.
  async function whyNone(at) {
    const number = data.layers.findIndex((l) => l.bits);
    if (number < 0) return "";
    const image = await codes(number, state.date), layer = data.layers[number];
    if (!image) return "";
    const found = layer.bits.filter((b) => image[at] & b.bit && b.none).sort((a, b) => a.none - b.none);
    return found.length ? found[0].text : "";
  }

  async function readOut() {
    const layer = data.layers[state.layer], image = await codes(state.layer, state.date);
    const code = image ? image[state.row * W + state.col] : NONE;
    const row = Math.floor((state.row + 0.5) / rowScale), col = Math.floor((state.col + 0.5) / colScale);
    let said = "no value";
    if (layer.bits && image) said = layer.bits.filter((b) => code & b.bit).map((b) => b.text).join("; ") || "no flag";
    else if (image && code !== NONE) said = valueOf(layer, code).toFixed(3) + (layer.unit ? " " + layer.unit : "");
    if (said === "no value") {
      const why = await whyNone(state.row * W + state.col);
      if (why) said += ` (${why})`;
    }
    const when = layer.images.length === 1 ? "" : ` on ${data.dates[state.date]}`;
    byId("map-read").innerHTML = "";
    const bold = document.createElement("b");
    bold.textContent = said;
    const [lon, lat] = lonLat((row + 0.5) / data.full[0], (col + 0.5) / data.full[1]);
    byId("map-read").append(bold, ` ${layer.title}${when}, ${lat}, ${lon} (row ${row}, column ${col})`);
  }

  // ---- charts
  const day0 = Date.parse(data.first_day + "T00:00:00Z"), DAY = 86400000;
  const dayOf = (text) => Math.round((Date.parse(text + "T00:00:00Z") - day0) / DAY);
  const mapped = data.dates.map(dayOf);
  const MONTHS = ["J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D"];
  const LEFT = 44, RIGHT = 10;
  let CW = 520; // as wide as there is room, so that letters keep their size on a phone
  const COLOURS = { pixel: "#1c7fa6", site: "#b8792a", rain: "#4a86c0", demand: "#d17a22" };

  function chart(title, height, keys) {
    const box = document.createElement("div");
    box.className = "chart";
    const head = document.createElement("h4");
    head.textContent = title;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${CW} ${height}`);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", title);
    const list = document.createElement("div");
    list.className = "keys";
    for (const [colour, text] of keys) {
      const one = document.createElement("span"), line = document.createElement("b");
      line.style.background = colour;
      one.append(line, text);
      list.append(one);
    }
    box.append(head, svg, list);
    byId("map-charts").append(box);
    return svg;
  }
  function axis(svg, top, bottom, low, high, ticks, digits) {
    const y = (v) => bottom - ((v - low) / (high - low)) * (bottom - top);
    for (const t of ticks) {
      add(svg, "path", { class: "frame", d: `M${LEFT} ${y(t)}H${CW - RIGHT}` });
      add(svg, "text", { x: LEFT - 6, y: y(t) + 4, "text-anchor": "end" }, t.toFixed(digits));
    }
    return y;
  }
  const X = (d) => LEFT + (d / Math.max(1, data.n_day - 1)) * (CW - LEFT - RIGHT);
  function months(svg, bottom) {
    const every = data.n_day / (CW - LEFT) > 1.6 ? 3 : 1;
    for (let d = 0; d < data.n_day; d++) {
      const when = new Date(day0 + d * DAY);
      if (when.getUTCDate() !== 1 || when.getUTCMonth() % every) continue;
      add(svg, "path", { class: "frame", d: `M${X(d)} ${bottom}v4` });
      const first = when.getUTCMonth() === 0;
      if (when.getUTCMonth() === 1 && X(31) - X(0) < 30) continue; // the year stands there
      add(svg, "text", { x: X(d) + 2, y: bottom + 14 }, first ? String(when.getUTCFullYear()) : MONTHS[when.getUTCMonth()]);
    }
    if (mapped[state.date] >= 0 && mapped[state.date] < data.n_day) {
      add(svg, "path", { class: "now", d: `M${X(mapped[state.date])} 4V${bottom}` });
    }
  }
  function line(values, x, y, scale) {
    let d = "", pen = false;
    values.forEach((v, i) => {
      if (v === null || v === undefined) { pen = false; return; }
      d += (pen ? "L" : "M") + x(i).toFixed(1) + " " + y(v * scale).toFixed(1);
      pen = true;
    });
    return d;
  }
  const ceilTo = (v, step) => Math.ceil(v / step - 1e-9) * step;

  function say(text) {
    const note = document.createElement("p");
    note.className = "none";
    note.textContent = text;
    byId("map-charts").append(note);
  }

  function waterChart(known) {
    const ink = getComputedStyle(document.body).color;
    const keys = [[COLOURS.pixel, "map at this pixel"]];
    if (known.site) keys.push([COLOURS.site, `simulated, ${known.site.name}, ${far(known.site.km)} away`]);
    if (known.station) keys.push([ink, `station ${known.station.name}, ${far(known.station.km)} away`]);
    const svg = chart(`Water content at ${data.depth_cm} cm [m³ m⁻³]`, 190, keys);
    const all = [0.45, ...known.theta.filter((v) => v !== null)];
    for (const s of [known.site, known.station]) if (s) all.push(...s.theta.filter((v) => v !== null).map((v) => v / 1000));
    const high = ceilTo(Math.max(...all), 0.15);
    const ticks = [];
    for (let t = 0; t <= high + 1e-9; t += 0.15) ticks.push(t);
    const y = axis(svg, 8, 168, 0, high, ticks, 2);
    months(svg, 168);
    if (known.site) add(svg, "path", { d: line(known.site.theta, X, y, 0.001), fill: "none", stroke: COLOURS.site, "stroke-width": 1.4 });
    if (known.station) add(svg, "path", { d: line(known.station.theta, X, y, 0.001), fill: "none", stroke: ink, "stroke-width": 1.6 });
    const x = (i) => X(mapped[i]);
    known.theta.forEach((v, i) => {
      if (v === null || mapped[i] < 0) return;
      if (known.width[i] !== null) {
        add(svg, "path", { d: `M${x(i)} ${y(Math.max(0, v - known.width[i]))}V${y(Math.min(high, v + known.width[i]))}`,
          stroke: COLOURS.pixel, "stroke-width": 4, opacity: 0.3 });
      }
      add(svg, "circle", { cx: x(i), cy: y(v), r: i === state.date ? 5 : 3.2, fill: COLOURS.pixel, stroke: "#fff", "stroke-width": 0.8 });
    });
  }

  function weatherChart(known) {
    if (known.cell === null) {
      say("No weather of this pixel's cell is in this page.");
      return;
    }
    const rain = data.weather.rain[known.cell], demand = data.weather.demand[known.cell];
    const keys = [[COLOURS.rain, "rain"]];
    if (demand) keys.push([COLOURS.demand, "potential evapotranspiration"]);
    const svg = chart("Weather of the cell [mm d⁻¹]", 120, keys);
    const high = Math.max(10, ceilTo(Math.max(...rain.map((v) => (v || 0) / 10)), 10));
    const y = axis(svg, 8, 98, 0, high, [0, high / 2, high], 0);
    months(svg, 98);
    let d = "";
    rain.forEach((v, i) => { if (v) d += `M${X(i).toFixed(1)} 98V${y(v / 10).toFixed(1)}`; });
    add(svg, "path", { d, stroke: COLOURS.rain, "stroke-width": Math.max(1, (CW - LEFT - RIGHT) / data.n_day), fill: "none" });
    if (demand) add(svg, "path", { d: line(demand, X, y, 0.1), fill: "none", stroke: COLOURS.demand, "stroke-width": 1.1 });
  }

  function profileChart(known) {
    if (!data.sites.edges_cm) return;
    if (!known.site) {
      say(known.nearestSite
        ? `No simulated site shown here is within ${far(SITE_KM)}; the nearest is ${far(known.nearestSite.km)} away.`
        : "No simulated site is near.");
      return;
    }
    const profile = known.site.profile[state.date], edges = data.sites.edges_cm;
    if (known.site.km > HERE_KM) {
      say(`No column was simulated at this pixel, so no profile is shown. The nearest shown is ${known.site.name} (${known.site.note}), ${far(known.site.km)} away: click its circle.`);
      return;
    }
    const keys = [[COLOURS.site, `simulated, ${known.site.name} (${known.site.note})`], [COLOURS.pixel, "map at this pixel"]];
    const svg = chart(`Profile of this pixel on ${data.dates[state.date]}: water content [m³ m⁻³] by depth [cm]`, 200, keys);
    const bottom = 172, deep = edges[edges.length - 1];
    const x = (v) => LEFT + (Math.min(v, 0.6) / 0.6) * (CW - LEFT - RIGHT);
    const y = (cm) => 8 + (cm / deep) * (bottom - 8);
    for (let t = 0; t <= 0.6001; t += 0.1) {
      add(svg, "path", { class: "frame", d: `M${x(t)} 8V${bottom}` });
      add(svg, "text", { x: x(t), y: bottom + 15, "text-anchor": "middle" }, t.toFixed(1));
    }
    const step = deep > 120 ? 50 : 20;
    for (let cm = 0; cm <= deep; cm += step) {
      add(svg, "text", { x: LEFT - 6, y: y(cm) + 4, "text-anchor": "end" }, String(cm));
      add(svg, "path", { class: "frame", d: `M${LEFT} ${y(cm)}h4` });
    }
    if (profile) {
      let d = `M${x(profile[0] / 1000)} ${y(0)}`;
      profile.forEach((v, i) => { d += `H${x(v / 1000)}V${y(edges[i + 1])}`; });
      add(svg, "path", { d: d + `H${LEFT}V${y(0)}Z`, fill: COLOURS.site, opacity: 0.16 });
      add(svg, "path", { d, fill: "none", stroke: COLOURS.site, "stroke-width": 1.8 });
    } else {
      add(svg, "text", { x: LEFT + 12, y: 40 }, "No profile of this site is stored for this date.");
    }
    const v = known.theta[state.date];
    if (v !== null) {
      if (known.width[state.date] !== null) {
        add(svg, "path", { d: `M${x(Math.max(0, v - known.width[state.date]))} ${y(data.depth_cm)}H${x(v + known.width[state.date])}`,
          stroke: COLOURS.pixel, "stroke-width": 4, opacity: 0.35 });
      }
      add(svg, "circle", { cx: x(v), cy: y(data.depth_cm), r: 5, fill: COLOURS.pixel, stroke: "#fff", "stroke-width": 0.8 });
    }
  }

  let turn = 0;
  async function charts() {
    const mine = ++turn, known = await pixel();
    if (mine !== turn) return; // another click came first
    byId("map-charts").textContent = "";
    CW = Math.min(620, Math.max(280, byId("map-charts").clientWidth || 520));
    if (known.theta.some((v) => v !== null)) {
      waterChart(known);
      profileChart(known);
    } else say("This pixel has no value on any date, so nothing is compared with it.");
    weatherChart(known);
  }

  // ---- what the reader does
  async function refresh() { drawMarks(); legend(); await Promise.all([paint(), readOut(), charts()]); }
  function choose(row, col) {
    state.row = Math.min(H - 1, Math.max(0, row));
    state.col = Math.min(W - 1, Math.max(0, col));
    return Promise.all([drawMarks(), readOut(), charts()]);
  }
  async function showDate(date) {
    state.date = Math.min(data.dates.length - 1, Math.max(0, date));
    slider.value = String(state.date);
    await Promise.all([paint(), readOut(), charts()]);
  }
  function play() {
    if (state.timer) { clearInterval(state.timer); state.timer = null; }
    else state.timer = setInterval(() => showDate((state.date + 1) % data.dates.length), 900);
    byId("map-play").textContent = state.timer ? "❚❚" : "▶";
  }
  frame.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    choose(Math.floor(((event.clientY - box.top) / box.height) * H), Math.floor(((event.clientX - box.left) / box.width) * W));
  });
  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const move = { ArrowUp: [-step, 0], ArrowDown: [step, 0], ArrowLeft: [0, -step], ArrowRight: [0, step] }[event.key];
    if (move) { event.preventDefault(); choose(state.row + move[0], state.col + move[1]); }
  });
  slider.addEventListener("input", () => showDate(Number(slider.value)));
  chooser.addEventListener("change", () => { state.layer = Number(chooser.value); refresh(); });
  byId("map-play").addEventListener("click", play);
  for (const id of ["map-sites", "map-stations"]) byId(id).addEventListener("change", drawMarks);

  let width = 0;
  window.addEventListener("resize", () => {
    const now = byId("map-charts").clientWidth;
    if (now !== width) { width = now; charts(); }
  });

  // ---- start
  canvas.width = W;
  canvas.height = H;
  data.layers.forEach((layer, i) => chooser.add(new Option(layer.title, i)));
  slider.max = String(data.dates.length - 1);
  state.date = Math.floor((data.dates.length - 1) / 2);
  slider.value = String(state.date);
  if (!data.stations.length) byId("map-stations-label").style.display = "none";
  const start = data.stations[0] || (data.sites.places || [])[0];
  if (start) [state.row, state.col] = small(start).map(Math.floor);
  if (typeof DecompressionStream === "undefined") {
    byId("map-read").textContent = "This browser is too old for the viewer; the maps below need nothing.";
    return;
  }
  const ready = refresh();

  // ---- the page tries itself where its address ends in #selftest
  if (location.hash === "#selftest") ready.then(async () => {
    const found = {};
    const look = () => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, W, H).data;
      let sum = 0, painted = 0;
      for (let i = 0; i < pixels.length; i += 4) {
        sum = (sum * 31 + pixels[i] + 3 * pixels[i + 1] + 7 * pixels[i + 2]) % 1000003;
        painted += pixels[i + 3] > 0;
      }
      return { sum, painted };
    };
    const settle = () => new Promise((done) => setTimeout(done, 120));
    const set = async (input, value) => { input.value = value; input.dispatchEvent(new Event("input")); input.dispatchEvent(new Event("change")); await settle(); };
    await set(slider, "0");
    found.first = { day: byId("map-day").textContent, ...look() };
    await set(slider, slider.max);
    found.last = { day: byId("map-day").textContent, ...look() };
    const box = canvas.getBoundingClientRect();
    frame.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: box.left + (box.width * (Math.floor(0.25 * W) + 0.5)) / W, clientY: box.top + (box.height * (Math.floor(0.4 * H) + 0.5)) / H }));
    await settle();
    const told = () => ({ read: byId("map-read").textContent,
      charts: [...document.querySelectorAll("#map-charts .chart h4")].map((h) => h.textContent),
      said: [...document.querySelectorAll("#map-charts .none")].map((p) => p.textContent) });
    found.clicked = { row: state.row, col: state.col, ...told() };
    found.pixel = (await pixel()).theta;
    const empty = (await codes(0, state.date)).indexOf(NONE);
    if (empty >= 0) {
      await choose(Math.floor(empty / W), empty % W);
      found.nowhere = told();
    }
    for (const mark of data.sites.places || []) {
      await choose(...small(mark).map(Math.floor));
      found.at_site = told().charts;
      if (found.at_site.length > 1) break; // the first may lie where the map has no value
    }
    found.layers = [];
    for (let i = 0; i < data.layers.length; i++) {
      await set(chooser, String(i));
      found.layers.push({ title: data.layers[i].title, ...look() });
    }
    found.width = [document.documentElement.scrollWidth, window.innerWidth];
    found.errors = window.pageErrors;
    const note = document.createElement("pre");
    note.id = "selftest";
    note.textContent = JSON.stringify(found);
    document.body.append(note);
  }).catch((error) => window.pageErrors.push(String(error)));
})();
