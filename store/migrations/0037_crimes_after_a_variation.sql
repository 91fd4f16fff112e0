-- A crime is matched again, too, when something else of the caseload is known of its time: what may be used of whom may be another.
ALTER TABLE crimes DROP CONSTRAINT crimes_reason_check,
    ADD CONSTRAINT crimes_reason_check CHECK (reason IN ('entered', 'corrected', 'late_data', 'variation'));
ALTER TABLE crime_matchings DROP CONSTRAINT crime_matchings_reason_check,
    ADD CONSTRAINT crime_matchings_reason_check CHECK (reason IN ('entered', 'corrected', 'late_data', 'variation'));
