package rest

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/carnet-fhir/carnet/store"
)

// metrics are the server's own figures. Labels have few values by construction: interactions, the types of R4, status classes.
type metrics struct {
	registry *prometheus.Registry
	duration *prometheus.HistogramVec
	running  prometheus.Gauge
	written  prometheus.Counter
}

func newMetrics(s store.Store) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "carnet_request_duration_seconds",
			Help:    "Duration of requests, by interaction, resource type and class of status.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"interaction", "type", "status"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "carnet_requests_running", Help: "Requests under way."}),
		written: prometheus.NewCounter(prometheus.CounterOpts{Name: "carnet_response_bytes_total", Help: "Bytes of answers' bodies on the wire."}),
	}
	m.registry.MustRegister(m.duration, m.running, m.written, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s != nil {
		m.registry.MustRegister(newStoreCollector(s))
	}
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

func (m *metrics) observe(x *exchange, took time.Duration) {
	what := string(x.interaction)
	if what == "" {
		what = "none"
	}
	m.duration.WithLabelValues(what, x.typ, class(x.status)).Observe(took.Seconds())
	m.written.Add(float64(x.bytes))
}

func class(status int) string {
	switch status / 100 {
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	case 5:
		return "5xx"
	}
	return "other"
}

// storeCollector reads the store's figures at each scrape.
type storeCollector struct {
	store                                         store.Store
	records, disk, blobs, commits, groups, format *prometheus.Desc
}

func newStoreCollector(s store.Store) *storeCollector {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("carnet_store_"+name, help, labels, nil)
	}
	return &storeCollector{
		store:   s,
		records: d("records", "Live resources by type.", "type"),
		disk:    d("disk_bytes", "Bytes on disk used by records and indexes."),
		blobs:   d("blob_bytes", "Bytes on disk used by documents."),
		commits: d("commits_total", "Commits since the store was opened."),
		groups:  d("commit_groups_total", "Groups of commits that shared one fsync since the store was opened."),
		format:  d("format", "Version of the on-disk format."),
	}
}

// Describe implements prometheus.Collector.
func (c *storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.records, c.disk, c.blobs, c.commits, c.groups, c.format} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *storeCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.store.Stats()
	gauge := func(d *prometheus.Desc, v int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	for typ, n := range s.Records {
		gauge(c.records, n, typ)
	}
	gauge(c.disk, s.DiskBytes)
	if s.BlobBytes >= 0 {
		gauge(c.blobs, s.BlobBytes)
	}
	gauge(c.format, int64(s.Format))
	ch <- prometheus.MustNewConstMetric(c.commits, prometheus.CounterValue, float64(s.Commits))
	ch <- prometheus.MustNewConstMetric(c.groups, prometheus.CounterValue, float64(s.Groups))
}
