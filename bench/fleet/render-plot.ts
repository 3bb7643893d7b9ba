import { median, quantile } from '../statistics.ts';
import { figuresOf, titleOf, type Comparison } from './compare-policies.ts';
import { HYDRA, POLICIES } from './plan.ts';
import { byBound } from './render-fleet-report.ts';

const LABEL_WIDTH = 150;
const PANEL_WIDTH = 260;
const PANEL_GAP = 30;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 22;
const TOP = 70;
/** Beyond this the bars are cut; the worst policies would make all others look alike. */
const LARGEST_RATIO = 5;

/** Bars of makespan by bound, one panel for each scenario, one row for each policy; whiskers are the middle half of the seeds. */
export function renderPlot(comparisons: readonly Comparison[]): string {
  const width = LABEL_WIDTH + comparisons.length * (PANEL_WIDTH + PANEL_GAP);
  const height = TOP + POLICIES.length * ROW_HEIGHT + 30;
  const labels = POLICIES.map(({ name }, row) => text(LABEL_WIDTH - 8, rowMiddle(row), name, 'end'));
  const panels = comparisons.map((comparison, place) => renderPanel(comparison, panelLeft(place), height));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    '<title>Makespan by the bound that no policy can beat; shorter is better</title>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(8, 20, 'Makespan by the bound that no policy can beat; shorter is better, 1 is perfect', 'start', 14),
    ...labels,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function renderPanel(comparison: Comparison, left: number, height: number): string {
  const ticks = Array.from({ length: LARGEST_RATIO + 1 }, (_, value) => value);
  return [
    text(left, 50, titleOf(comparison.kind), 'start', 13),
    ...ticks.map((value) => {
      const x = left + scale(value);
      const bottom = height - 24;
      const line = `<line x1="${x}" y1="${TOP - 8}" x2="${x}" y2="${bottom}" stroke="${value === 1 ? '#666666' : '#dddddd'}"/>`;
      return `${line}${text(x, bottom + 12, String(value), 'middle', 10)}`;
    }),
    ...POLICIES.map(({ name }, row) => renderBar(figuresOf(comparison, name, byBound), left, row, name === HYDRA.name)),
  ].join('\n');
}

function renderBar(ratios: readonly number[], left: number, row: number, isOurs: boolean): string {
  const middle = median(ratios);
  const y = rowMiddle(row);
  const [low, high] = [scale(quantile(ratios, 0.25)), scale(quantile(ratios, 0.75))].map((x) => left + x);
  return [
    `<rect x="${left}" y="${y - BAR_HEIGHT / 2}" width="${scale(middle)}" height="${BAR_HEIGHT}" fill="${isOurs ? '#1b7837' : '#9fb4c7'}"/>`,
    `<line x1="${low}" y1="${y}" x2="${high}" y2="${y}" stroke="#333333"/>`,
    text(left + scale(Math.max(middle, quantile(ratios, 0.75))) + 4, y, middle.toFixed(2), 'start', 10),
  ].join('');
}

function panelLeft(place: number): number {
  return LABEL_WIDTH + place * (PANEL_WIDTH + PANEL_GAP);
}

function rowMiddle(row: number): number {
  return TOP + row * ROW_HEIGHT + BAR_HEIGHT / 2;
}

function scale(ratio: number): number {
  return Math.round((Math.min(ratio, LARGEST_RATIO) / LARGEST_RATIO) * (PANEL_WIDTH - 30));
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', size = 12): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" dominant-baseline="middle">${content}</text>`;
}
