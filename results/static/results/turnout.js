// Draw how many of those on a roll have voted. The page of an election without a roll has no place for it.

import { percent, setWidth, write } from "./texts.js";

export class TurnoutBoard {
  /** `place` may be null; `whole` writes a number. */
  constructor(place, whole) {
    Object.assign(this, { place, whole });
  }

  draw({ turnout, weight }) {
    if (!this.place) return;
    this.place.hidden = !turnout;
    if (!turnout) return;
    const find = (name) => this.place.querySelector(`[data-${name}]`);
    this.drawPart(this.place, turnout);
    find("weights").hidden = weight === null;
    if (weight !== null) {
      write(find("weight"), this.whole(weight));
      write(find("entitled-weight"), this.whole(turnout.entitled_weight));
    }
    find("groups").hidden = !turnout.groups;
    this.drawGroups(find("groups").querySelector("ul"), find("group-row").content, turnout.groups || []);
  }

  drawGroups(list, row, groups) {
    while (list.children.length > groups.length) list.lastElementChild.remove();
    while (list.children.length < groups.length) list.append(row.cloneNode(true));
    groups.forEach((group, at) => {
      write(list.children[at].querySelector("[data-group-name]"), group.name);
      this.drawPart(list.children[at], group);
    });
  }

  drawPart(place, part) {
    write(place.querySelector("[data-voted]"), this.whole(part.voted));
    write(place.querySelector("[data-entitled-count]"), this.whole(part.entitled));
    write(place.querySelector("[data-share]"), percent(part.permille));
    setWidth(place.querySelector("[data-bar]"), part.permille);
  }
}
