"use strict";
(() => {
  const PERIOD_MS = 250;
  const byId = (id) => document.getElementById(id);
  const field = byId("joints");
  const commands = ["take", "undo", "calibrate", "another"].map(byId);
  let state = {}, shownImage = -2, shownProposal = "", waiting = false, filled = false;

  const make = (tag, text = "", attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const write = (id, text) => { if (byId(id).textContent !== text) byId(id).textContent = text; };
  const toggle = (name, known) => { byId(`${name}-known`).hidden = !known; byId(`${name}-none`).hidden = known; };
  const fixed = (value, digits) => value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
  const pairs = (values, stds) => values.map((value, i) => `${fixed(value, 1)} ± ${fixed(stds[i], 1)}`);
  // Replaces the content of an element where the data it is made from has changed.
  const rebuilt = {};
  const rebuild = (id, data, build) => {
    const key = JSON.stringify(data);
    if (rebuilt[id] === key) return;
    rebuilt[id] = key;
    byId(id).replaceChildren(...build(data));
  };

  const showLive = ({ live, joints, message, activity }) => {
    if (live.number >= 0 && live.number !== shownImage) {
      shownImage = live.number;
      byId("live-image").src = `live.jpg?${live.number}`;
      byId("live-image").hidden = false;
      byId("live-wait").hidden = true;
    }
    write("status", live.text);
    byId("status").className = `status ${live.contour_inlier_ratio === null ? "" : live.valid ? "valid" : "invalid"}`;
    if (joints.from_log) field.value = joints.text;
    else if (!filled && !field.value) field.value = joints.text;  // once, after a reload
    filled = true;
    const age = joints.age_s === null ? "" : `last row of the log ${fixed(joints.age_s, 1)} s old`;
    const typed = joints.from_log ? age : joints.text ? "" : "Type the robot's joint angles, then Enter.";
    write("joints-note", joints.stale ? `${age}: is it still written to?` : typed);
    const said = activity ? `${activity} …` : message || joints.problem;
    write("message", said);
    byId("message").hidden = !said;
    byId("message").classList.toggle("activity", Boolean(activity));
  };

  const showProposal = ({ proposal, pose, coverage, live }) => {
    toggle("proposal", Boolean(proposal));
    if (!proposal) {
      const found = pose || live.valid;
      write("proposal-none", found ? "No reachable joint configuration is in view." : "A proposal needs a first valid pose: move the robot into view.");
      return;
    }
    if (shownProposal !== proposal.text + shownTaken()) {
      shownProposal = proposal.text + shownTaken();
      byId("proposal-image").src = `proposal.jpg?${Date.now()}`;
    }
    const rows = coverage.map(({ name }, i) => [name, fixed(proposal.joints[i], 3), fixed((proposal.joints[i] * 180) / Math.PI, 1)]);
    rebuild("proposal-joints", rows, () => rows.map(([name, rad, deg]) => {
      const row = make("tr");
      row.append(make("th", name, { scope: "row" }), make("td", `${rad} rad`), make("td", `${deg}°`));
      return row;
    }));
    const before = pose ? `from ${fixed(pose.history_mm.at(-1), 2)} ` : "";
    const enough = proposal.enough ? " Further images would hardly help." : "";
    write("proposal-gain", `Expected standard deviation of the camera's position: ${before}to ${fixed(proposal.position_std_mm, 2)} mm.${enough}`);
  };
  const shownTaken = () => String(state.images.length);

  const showPose = ({ pose }) => {
    toggle("pose", Boolean(pose));
    if (!pose) return;
    const columns = [pose.camera_in_base, pose.base_in_camera].map((each) => [
      ...pairs(each.position_mm, each.position_std_mm),
      each.rotation_std_deg.map((value) => fixed(value, 2)).join(", "),
    ]);
    rebuild("pose-rows", columns, () => ["x, mm", "y, mm", "z, mm", "rotation, ± °"].map((name, i) => {
      const row = make("tr");
      row.append(make("th", name, { scope: "row" }), ...columns.map((column) => make("td", column[i])));
      return row;
    }));
    rebuild("history", [pose.history_mm, pose.floor_mm], history);
  };

  // Standard deviation against the number of joint configurations.
  const history = ([values, floor]) => {
    const top = Math.max(...values, floor) * 1.15, width = 320, height = 110;
    const x = (i) => 34 + (i * (width - 92)) / Math.max(values.length - 1, 1), y = (value) => height * (1 - value / top);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const add = (tag, attributes, text = "") => {
      const made = document.createElementNS(svg.namespaceURI, tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      made.textContent = text;
      svg.append(made);
    };
    svg.setAttribute("viewBox", `0 0 ${width} ${height + 18}`);
    svg.setAttribute("preserveAspectRatio", "xMinYMid");
    add("line", { x1: 34, x2: width - 58, y1: y(floor), y2: y(floor) });
    add("path", { d: values.map((value, i) => `${i ? "L" : "M"}${x(i)} ${y(value)}`).join("") });
    values.forEach((value, i) => add("circle", { cx: x(i), cy: y(value), r: 3.5 }));
    const last = values.length - 1;
    add("text", { x: x(last) + 7, y: y(values[last]) - 5 }, `${fixed(values[last], 1)} mm`);
    if (last) add("text", { x: 0, y: y(values[0]) + 4 }, fixed(values[0], 1));
    add("text", { x: 0, y: height + 4 }, "0");
    add("path", { d: `M34 0V${height}H${width - 58}`, class: "axis" });
    add("text", { x: 34, y: height + 16 }, `joint configurations: ${values.length}`);
    return [svg];
  };

  const showCoverage = ({ coverage }) =>
    rebuild("coverage-rows", coverage, () => coverage.map(({ name, lower, upper, taken, present, proposed }) => {
      const row = make("div", "", { class: "joint" }), track = make("div", "", { class: "track", role: "img" });
      track.setAttribute("aria-label", `${name}: images at ${taken.map((q) => fixed(q, 2)).join(", ") || "no angle"}`);
      const mark = (q, kind) => {
        if (q === null) return;
        const share = Math.min(Math.max((q - lower) / (upper - lower), 0), 1);
        track.append(make("i", "", { class: `mark ${kind}`, style: `left:${100 * share}%`, title: `${kind}: ${fixed(q, 3)} rad` }));
      };
      for (const q of taken) mark(q, "taken");
      mark(proposed, "proposed");
      mark(present, "present");
      row.append(make("b", name), make("span", fixed(lower, 2)), track, make("span", fixed(upper, 2)));
      return row;
    }));

  const showImages = ({ images }) => {
    byId("taken-none").hidden = images.length > 0;
    rebuild("taken", images, () => images.map(({ name, text, valid, contour_inlier_ratio: ratio }) =>
      make("li", `${name}: ${text}${ratio === null ? "" : `, contour inliers ${fixed(100 * ratio, 0)} %`}`, valid ? {} : { class: "bad" })));
  };

  const showResult = ({ result }) => {
    toggle("result", Boolean(result));
    if (!result) return;
    const position = pairs(result.camera_in_base_mm, result.position_std_mm).join(", ");
    write("result-text", `Camera in the base (x, y, z): ${position} mm, from ${result.valid} valid of ${result.images} images; halves differ by ${fixed(result.halves_differ_mm, 1)} mm.`);
    rebuild("result-advice", result.advice, (advice) => advice.map((text) => make("li", text)));
  };

  const show = (found) => {
    state = found;
    for (const part of [showLive, showProposal, showPose, showCoverage, showImages, showResult]) part(found);
    const busy = waiting || Boolean(found.activity);
    for (const button of commands) button.disabled = busy;
    byId("undo").disabled ||= !found.images.length;
    byId("calibrate").disabled ||= !(found.pose?.configurations >= 2);
    document.documentElement.dataset.images = String(found.images.length);
  };

  const post = (name, body = {}) =>
    fetch(name, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const run = async (name, body) => {
    waiting = true;
    for (const button of commands) button.disabled = true;
    try {
      await post(name, body);
    } finally {
      waiting = false;
    }
  };
  const typed = () => (field.readOnly ? {} : { joints: field.value });
  byId("take").addEventListener("click", () => run("take", typed()));
  for (const name of ["undo", "calibrate", "another"]) byId(name).addEventListener("click", () => run(name));
  byId("copy")?.addEventListener("click", () => { field.value = state.proposal.text; field.focus(); post("joints", typed()); });
  field.addEventListener("change", () => { if (!field.readOnly) post("joints", typed()); });

  const poll = async () => {
    try {
      show(await (await fetch("state")).json());
    } catch {
      write("message", "The session has ended, or this computer cannot be reached. The same command continues it.");
      byId("message").hidden = false;
      for (const button of commands) button.disabled = true;
    }
    setTimeout(poll, PERIOD_MS);
  };
  poll();
})();
