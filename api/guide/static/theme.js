// The look that was chosen on the page holds here too.
const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
