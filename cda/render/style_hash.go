package render

// styleHash is the SHA-256 of style.css, the one style that the page's policy lets through. TestStyleHash says when it is out of date.
const styleHash = "sha256-9i2e/nVv/xUgIjtdlYlyu0xon+GUkakjQoHOw6FqPL0="
