package search

// rowsOfRecord is how many rows cost as much as one record.
const rowsOfRecord = 16

// raceStart is how many rows each driver reads in the first round of a race.
const raceStart = 32

// tuning holds the bounds at which plans change. Answers do not depend on them, only their cost and, where nothing is asked, their order.
type tuning struct {
	// race is how many rows a driver may have to be drained into memory: such a page is newest first, and the other conditions are judged on few records.
	race int
	// alone is the same for a driver without any other condition.
	alone int
	// few is when following the links of each candidate is cheaper than running a chain's inner search, and reading a candidate cheaper than a further intersection.
	few int
	// sort is how many candidates are read and sorted in memory.
	sort int
	// patience is how many records are read in vain before the rows of the conditions are gathered, to pass over others unread; four times as many each further time.
	patience int
	// doubts is how many records in doubt are read before the rows of the alternatives are asked.
	doubts int
	// group is how many records of one sort key are buffered before they are streamed instead.
	group int
	// window is how many rows of the history an ascending walk reads at once.
	window int
}

var usual = tuning{race: 1024, alone: 256, few: 64, sort: 2000, patience: 32, doubts: 1, group: 64, window: 256}
