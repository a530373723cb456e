/** The style sheet of the tracker's page, light or dark as the reader's system is. */
export const style = `
:root { color-scheme: light dark; --line: light-dark(#e2e2e8, #34343c); --quiet: light-dark(#6b6b76, #9a9aa6);
  --accent: light-dark(#2456c9, #8fb2ff); --card: light-dark(#fff, #1d1d22); --fill: light-dark(#dbe6ff, #24365e);
  --done: light-dark(#d3f0dc, #1d4630); --good: light-dark(#157a3b, #6fd897); --much: light-dark(#b3550a, #ffb066); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 4rem; font: 15px/1.5 system-ui, sans-serif;
  background: light-dark(#f6f6f9, #131316); }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.1rem; margin: 0 0 .8rem; overflow-wrap: anywhere; }
h2 code { color: var(--quiet); font-size: .8rem; font-weight: 400; }
h3 { font-size: .95rem; margin: 1.4rem 0 .5rem; } h3 span { color: var(--quiet); font-weight: 400; }
header p, .quiet, dt, th { color: var(--quiet); } header p { margin: .25rem 0 1.5rem; }
code, dd { font-family: ui-monospace, monospace; } a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: 1px; margin: 0 0 1.5rem;
  background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
dl div { background: var(--card); padding: .7rem .9rem; } dt { font-size: .78rem; } dd { margin: 0; font-size: 1.1rem; }
main { display: grid; gap: 1.25rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem 1.4rem; min-width: 0; }
.bar { height: .6rem; border-radius: 1rem; background: var(--line); overflow: hidden; position: relative; }
.bar i { position: absolute; inset: 0 auto 0 0; background: linear-gradient(90deg, var(--accent), var(--good)); }
.bar .held { background: light-dark(#b9ccf6, #34497c); }
.facts { margin: .5rem 0 0; color: var(--quiet); } .facts b { color: light-dark(#111, #fff); }
.borders { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin: 1rem 0 0; }
.borders dd { font-size: 1.05rem; } .borders span { font-size: .85rem; }
.good { color: var(--good); font-weight: 600; } .much { color: var(--much); font-weight: 600; }
.racks { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.2rem, 1fr)); gap: .4rem; list-style: none; margin: 0; padding: 0; }
.racks li { border: 1px solid var(--line); border-radius: 6px; padding: .2rem .5rem; font-size: .8rem; overflow: hidden;
  background: linear-gradient(90deg, var(--fill) var(--part, 0%), transparent var(--part, 0%)); display: flex; justify-content: space-between; gap: .4rem; }
.racks b { font-weight: 600; overflow: hidden; text-overflow: ellipsis; } .racks span { color: var(--quiet); white-space: nowrap; }
.racks li.done { background: var(--done); border-color: transparent; } .racks li.gate { border-color: var(--accent); }
.legend { color: var(--quiet); font-size: .8rem; margin: .8rem 0 0; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px; border: 1px solid transparent; vertical-align: -.1rem; margin: 0 .35rem 0 1rem; }
.legend i:first-child { margin-left: 0; } .legend .fill { background: var(--fill); } .legend .done { background: var(--done); } .legend .gate { border-color: var(--accent); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th { font-weight: 400; text-align: left; }
th, td { padding: .35rem 1rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top; } tr:first-child th { border: 0; }
td:nth-child(-n+3) { white-space: nowrap; }
`;
