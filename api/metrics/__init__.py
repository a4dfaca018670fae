"""What a scrape tells beyond the views' totals: requests, partitions, workers, this process."""
