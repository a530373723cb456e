/**
 * The style sheet of the coordinator's page, in light and dark.
 *
 * @module
 */

/** The style sheet. It loads nothing from elsewhere. */
export const style = `
:root { color-scheme: light dark; --line: light-dark(#e4e4ea, #303038); --quiet: light-dark(#70707c, #93939f);
  --accent: light-dark(#2456c9, #8fb2ff); --card: light-dark(#fff, #1c1c21); --good: light-dark(#1a7f4b, #57c98b);
  --warm: light-dark(#a45c00, #f0b35e); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 86rem; padding: 1.75rem 1.5rem 4rem; font: 15px/1.5 system-ui, sans-serif;
  background: light-dark(#f6f6f9, #131316); }
header { display: flex; gap: 1.5rem; align-items: start; justify-content: space-between; margin: 0 0 1.25rem; }
h1 { font-size: 1.35rem; margin: 0; letter-spacing: -.01em; } h2 { font-size: 1rem; margin: 0 0 .75rem; }
h1 code { font-weight: 500; }
header p { margin: .25rem 0 0; max-width: 52rem; }
header p, .quiet, dt, th { color: var(--quiet); font-weight: 400; }
code, pre, dd, .stat td { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
.toggle { display: flex; gap: .5rem; align-items: center; border: 1px solid var(--line); border-radius: 99px;
  padding: .25rem .85rem; background: var(--card); color: inherit; white-space: nowrap; }
.toggle i { width: .55rem; height: .55rem; border-radius: 50%; background: var(--good); }
dl { display: flex; flex-wrap: wrap; gap: 1px; margin: 0 0 1.25rem;
  background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
dl div { flex: 1 1 6.6rem; background: var(--card); padding: .7rem .95rem; } dt { font-size: .8rem; }
dd { margin: 0; font-size: 1.1rem; white-space: nowrap; }
dl .wide { flex: 3 1 20rem; display: grid; grid-template-columns: auto 1fr; gap: 0 1.5rem; }
.wide dt, .wide dd { grid-column: 1; } dd .quiet { font: .8rem system-ui, sans-serif; }
svg { grid-area: 1 / 2 / 3 / 3; align-self: end; width: 100%; height: 2.6rem; fill: var(--accent); }
main { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); align-items: start; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; overflow-x: auto; }
section p { margin: 0 0 .75rem; } a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
nav { display: flex; flex-wrap: wrap; gap: .45rem; font-weight: 600; margin: 0 0 .75rem; overflow-wrap: anywhere; }
pre { margin: 0 0 .9rem; padding: .75rem .9rem; border: 1px solid var(--line); border-radius: 8px; font-size: .87rem;
  white-space: pre-wrap; overflow-wrap: anywhere; background: light-dark(#fafafc, #17171b); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: .8rem; }
th, td { padding: .32rem .7rem .32rem 0; border-top: 1px solid var(--line); white-space: nowrap; }
td code { white-space: nowrap; }
td:first-child { overflow-wrap: anywhere; white-space: normal; min-width: 8rem; }
tr:first-child > * { border-top: 0; } section > table { margin: 0 0 .9rem; }
details { border-top: 1px solid var(--line); padding-top: .6rem; } summary { cursor: pointer; font-size: .8rem; }
.stat { font-size: .84rem; margin-top: .4rem; } .stat th, .stat td { border: 0; padding-block: .12rem; }
.stat th { width: 7rem; } .stat td { white-space: normal; overflow-wrap: anywhere; }
.tag { font-size: .75rem; border: 1px solid currentColor; border-radius: 99px; padding: 0 .5rem; color: var(--good); margin-left: .3rem; }
.tag.late { color: var(--warm); margin: 0; } meter { width: 2.4rem; height: .7rem; vertical-align: -.05rem; }
`;
