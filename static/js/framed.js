// Inside a frame on a clinic's site: say how high the page is, and first where on it reading begins, to the site around.
// That may go to any site: browsers show this page only on those that the clinic lists (frame-ancestors).

const tell = (more) =>
  parent.postMessage({ carebridge: "height", height: document.body.getBoundingClientRect().height, ...more }, "*");

const begins = document.getElementById(location.hash.slice(1));
tell({ begins: begins ? begins.getBoundingClientRect().top + scrollY : 0 });
new ResizeObserver(() => tell()).observe(document.body);
