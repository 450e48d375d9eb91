// The last page of an authentication in a frame: tells the page around it that it is over.
const { intent } = document.body.dataset;
window.parent.postMessage({ sluicegate: intent, type: 'finished' }, '*');
