/** The sections of a report as HTML. Pure. */
import {
  type Block,
  type Inline,
  plainText,
  type Section,
  type Table,
  type Tone,
  type Verdict,
} from "./document.ts";
import { escapeHtml } from "./escape_html.ts";
import { TONE_WORDS } from "./markdown.ts";

/** One section, with its heading. */
export function renderSection({ id, title, blocks }: Section): string {
  return `<section id="${escapeHtml(id)}" aria-labelledby="${escapeHtml(id)}-title">\n` +
    `<h2 id="${escapeHtml(id)}-title">${escapeHtml(title)}</h2>\n${
      renderBlocks(blocks)
    }</section>\n`;
}

/** Blocks, one after the other. */
export function renderBlocks(blocks: readonly Block[]): string {
  return blocks.map(renderBlock).join("");
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return `<p>${block.text.map(inline).join("")}</p>\n`;
    case "list":
      return `<ul>\n${
        block.items.map((item) => `<li>${item.map(inline).join("")}</li>\n`).join("")
      }</ul>\n`;
    case "facts":
      return `<dl class="facts">\n${
        block.facts.map(([name, value]) =>
          `<div><dt>${escapeHtml(name)}</dt><dd>${inline(value)}</dd></div>\n`
        ).join("")
      }</dl>\n`;
    case "verdicts":
      return `<ul class="verdicts">\n${block.verdicts.map(verdict).join("")}</ul>\n`;
    case "table":
      return table(block);
  }
}

function verdict({ tone, text }: Verdict): string {
  return `<li class="verdict ${tone}"><span class="word">${TONE_WORDS[tone]}</span> ` +
    `<span>${escapeHtml(text)}</span></li>\n`;
}

function inline(piece: Inline): string {
  if (typeof piece === "string") return escapeHtml(piece);
  const { text, tone, strong } = piece;
  if (tone !== undefined) return toned(text, tone);
  return strong ? `<strong>${escapeHtml(text)}</strong>` : escapeHtml(text);
}

function toned(text: string, tone: Tone): string {
  return `<span class="tone ${tone}">${escapeHtml(text)}</span>`;
}

/** Longer texts get room, so that they do not become towers. */
const LONG = 40;

function sideOf(cell: Inline, side: string): string {
  return side === "" && plainText(cell).length > LONG ? ' class="long"' : side;
}

/** The frame scrolls by itself where the page is narrow, also by keyboard. */
function table({ caption, columns, rows }: Table): string {
  const side = (column: number) => columns[column]!.isNumber ? ' class="number"' : "";
  const head = columns.map(({ title }, column) =>
    `<th scope="col"${side(column)}>${escapeHtml(title)}</th>`
  ).join("");
  const body = rows.map((row) => {
    const [first, ...others] = row.map(inline);
    return `<tr><th scope="row"${side(0)}>${first ?? ""}</th>${
      others.map((cell, i) => `<td${sideOf(row[i + 1]!, side(i + 1))}>${cell}</td>`).join("")
    }</tr>\n`;
  }).join("");
  return `<div class="frame" role="region" aria-label="${escapeHtml(caption)}" tabindex="0">\n` +
    `<table>\n<caption>${escapeHtml(caption)}</caption>\n<thead><tr>${head}</tr></thead>\n` +
    `<tbody>\n${body}</tbody>\n</table>\n</div>\n`;
}
