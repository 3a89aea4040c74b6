package render

// styleHash is the SHA-256 of style.css, the one style that the page's policy lets through. TestStyleHash says when it is out of date.
const styleHash = "sha256-4oNiDBf7N397MeNyEzPNLBTbavKRSIGGd5fG6ETL2Hc="
